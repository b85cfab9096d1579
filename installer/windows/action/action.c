/* Custom actions of the package: what Windows Installer has no table for, or none that works. */
#include <windows.h>
#include <msiquery.h>

/* Coffer's own setting "start with the computer" writes a value that no component owns, and that would stay behind when Coffer is
 * uninstalled. Removes the value of the user who uninstalls. Nothing that goes wrong here is a reason to keep Coffer installed. */
__declspec(dllexport) UINT __stdcall ForgetStartup(MSIHANDLE install)
{
	(void)install;
	RegDeleteKeyValueW(HKEY_CURRENT_USER, L"Software\\Microsoft\\Windows\\CurrentVersion\\Run", L"Coffer");
	return ERROR_SUCCESS;
}

/* Has Windows start a service again that has crashed, or that has ended because it could not work (a full disk): after a minute, after
 * ten, and then each hour. A day without a failure counts from the beginning. FALSE where there is no such service. */
static BOOL recover(SC_HANDLE manager, const wchar_t *name)
{
	SC_ACTION actions[] = {{SC_ACTION_RESTART, 60 * 1000}, {SC_ACTION_RESTART, 10 * 60 * 1000}, {SC_ACTION_RESTART, 60 * 60 * 1000}};
	SERVICE_FAILURE_ACTIONSW failure = {24 * 60 * 60, NULL, NULL, 3, actions};
	SERVICE_FAILURE_ACTIONS_FLAG also_if_it_says_so = {TRUE};
	/* To let a service be started is part of setting that it is. */
	SC_HANDLE service = OpenServiceW(manager, name, SERVICE_CHANGE_CONFIG | SERVICE_START);
	BOOL set;
	if (!service)
		return FALSE;
	set = ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure);
	ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &also_if_it_says_so);
	CloseServiceHandle(service);
	return set;
}

/* Sets what happens when a service fails. The installer's own table for it, MsiServiceConfigFailureActions, does not do what its
 * documentation says (WiX warns of it). A computer that refuses has services that start with it, as before. */
__declspec(dllexport) UINT __stdcall SetRecovery(MSIHANDLE install)
{
	SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
	(void)install;
	if (!manager)
		return ERROR_SUCCESS;
	recover(manager, L"CofferUpdater");
	recover(manager, L"CofferHealth");
	CloseServiceHandle(manager);
	return ERROR_SUCCESS;
}
