/* Custom actions of the package: what Windows Installer has no table for, or none that works. */
#include <windows.h>
#include <msiquery.h>
#include <shlobj.h>

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

/* Takes away the service that waits for an update to prove itself, which is there for some minutes and unknown to the package. Its process
 * ends when it likes. */
static void end_watch(void)
{
	SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
	SC_HANDLE service = manager ? OpenServiceW(manager, L"CofferWatch", SERVICE_STOP | DELETE) : NULL;
	SERVICE_STATUS status;
	if (service) {
		ControlService(service, SERVICE_CONTROL_STOP, &status);
		DeleteService(service);
		CloseServiceHandle(service);
	}
	if (manager)
		CloseServiceHandle(manager);
}

/* Deletes a folder with all that is in it. Links in it go, and not what they lead to. FALSE if something is left. */
static BOOL delete_folder(const wchar_t *folder)
{
	wchar_t path[1024];
	WIN32_FIND_DATAW found;
	HANDLE search;
	if (wcslen(folder) + 2 + MAX_PATH > sizeof path / sizeof *path)
		return FALSE;
	wcscat(wcscpy(path, folder), L"\\*");
	search = FindFirstFileW(path, &found);
	if (search != INVALID_HANDLE_VALUE) {
		do {
			if (!wcscmp(found.cFileName, L".") || !wcscmp(found.cFileName, L".."))
				continue;
			wcscpy(path + wcslen(folder) + 1, found.cFileName);
			if (!(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
				DeleteFileW(path);
			else if (found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
				RemoveDirectoryW(path);
			else
				delete_folder(path);
		} while (FindNextFileW(search, &found));
		FindClose(search);
	}
	return RemoveDirectoryW(folder);
}

/* TRUE if the updater's service has said, where no user can write, that a folder is its own: users may make folders beside it, also under
 * its name. The service says it whenever it starts. */
static BOOL owned(const wchar_t *folder)
{
	wchar_t said[MAX_PATH];
	DWORD size = sizeof said;
	DWORD attributes = GetFileAttributesW(folder);
	return !RegGetValueW(HKEY_LOCAL_MACHINE, L"Software\\Coffer\\Updater", L"Folder", RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY, NULL, said, &size) &&
		!_wcsicmp(said, folder) && attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY &&
		!(attributes & FILE_ATTRIBUTE_REPARSE_POINT);
}

/* Deletes what the updater's service has written in the registry, and the key above it, which the package could not delete while there was
 * something in it. */
static void forget_words(void)
{
	HKEY key;
	DWORD keys = 1, values = 1;
	RegDeleteKeyExW(HKEY_LOCAL_MACHINE, L"Software\\Coffer\\Updater", KEY_WOW64_64KEY, 0);
	if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"Software\\Coffer", 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key))
		return;
	RegQueryInfoKeyW(key, NULL, NULL, NULL, &keys, NULL, NULL, &values, NULL, NULL, NULL, NULL);
	RegCloseKey(key);
	if (!keys && !values)
		RegDeleteKeyExW(HKEY_LOCAL_MACHINE, L"Software\\Coffer", KEY_WOW64_64KEY, 0);
}

/* Takes away what the updater's service has made and the package does not know, when the uninstallation is certain: until then it can be
 * rolled back, and the updater would have forgotten which keys were revoked. A process that has just been told to end has its files for
 * another moment. */
__declspec(dllexport) UINT __stdcall ForgetUpdates(MSIHANDLE install)
{
	wchar_t folder[MAX_PATH + 16];
	int tries;
	(void)install;
	end_watch();
	if (SUCCEEDED(SHGetFolderPathW(NULL, CSIDL_COMMON_APPDATA, NULL, SHGFP_TYPE_CURRENT, folder))) {
		wcscat(folder, L"\\CofferUpdater");
		if (owned(folder))
			for (tries = 0; !delete_folder(folder) && tries < 20; tries++)
				Sleep(500);
	}
	forget_words();
	return ERROR_SUCCESS;
}
