/* What Wine's Windows Installer starts, in these tests, to remove the product that an upgrade replaces. Windows tells that product of the
 * upgrade, by a property (learn.microsoft.com, "UPGRADINGPRODUCTCODE property"), and packages ask for it to tell an upgrade from an
 * uninstallation. Wine does not. */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

int main(void)
{
	static wchar_t line[32768];
	const wchar_t *given = wcschr(GetCommandLineW(), L' '); /* after "upgrade", which the installer writes without a path */
	STARTUPINFOW startup = {sizeof startup};
	PROCESS_INFORMATION process;
	DWORD code = ERROR_INSTALL_SERVICE_FAILURE;
	_snwprintf(line, 32767, L"msiexec%ls UPGRADINGPRODUCTCODE={00000000-0000-0000-0000-000000000001}", given);
	if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process))
		return GetLastError();
	WaitForSingleObject(process.hProcess, INFINITE);
	GetExitCodeProcess(process.hProcess, &code);
	return code;
}
