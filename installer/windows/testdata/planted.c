/* A library that says who has loaded it, in C:\loaded.txt. */
#include <windows.h>

BOOL WINAPI DllMain(HINSTANCE library, DWORD reason, void *reserved)
{
	char program[MAX_PATH];
	DWORD written;
	HANDLE file;

	(void)library;
	(void)reserved;
	if (reason != DLL_PROCESS_ATTACH)
		return TRUE;
	file = CreateFileA("C:\\loaded.txt", FILE_APPEND_DATA, FILE_SHARE_READ, NULL, OPEN_ALWAYS, 0, NULL);
	WriteFile(file, program, GetModuleFileNameA(NULL, program, sizeof program), &written, NULL);
	CloseHandle(file);
	return TRUE;
}

__declspec(dllexport) void CALLBACK Nothing(HWND window, HINSTANCE library, char *line, int show)
{
	(void)window;
	(void)library;
	(void)line;
	(void)show;
}
