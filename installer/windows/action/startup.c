/* A custom action of the package. Coffer's own setting "start with the computer" writes a value that no component owns, and that
 * would stay behind when Coffer is uninstalled. */
#include <windows.h>
#include <msiquery.h>

/* Removes the value of the user who uninstalls. Nothing that goes wrong here is a reason to keep Coffer installed. */
__declspec(dllexport) UINT __stdcall ForgetStartup(MSIHANDLE install)
{
	(void)install;
	RegDeleteKeyValueW(HKEY_CURRENT_USER, L"Software\\Microsoft\\Windows\\CurrentVersion\\Run", L"Coffer");
	return ERROR_SUCCESS;
}
