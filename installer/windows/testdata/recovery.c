/* What the package's action tells Windows of services that fail, in words: Wine's service manager hears it and keeps nothing of it. Here
 * Windows is this program. */
#include <stdio.h>
#include <windows.h>

static const wchar_t *opened;

static SC_HANDLE WINAPI open_manager(const wchar_t *computer, const wchar_t *database, DWORD rights)
{
	return computer || database || rights != SC_MANAGER_CONNECT ? NULL : (SC_HANDLE)1;
}

static SC_HANDLE WINAPI open_service(SC_HANDLE manager, const wchar_t *name, DWORD rights)
{
	opened = name;
	if (manager != (SC_HANDLE)1 || rights != (SERVICE_CHANGE_CONFIG | SERVICE_START))
		return NULL;
	return (SC_HANDLE)2;
}

static BOOL WINAPI change(SC_HANDLE service, DWORD level, void *value)
{
	if (service != (SC_HANDLE)2)
		return FALSE;
	printf("%ls", opened);
	if (level == SERVICE_CONFIG_FAILURE_ACTIONS) {
		const SERVICE_FAILURE_ACTIONSW *f = value;
		DWORD i;
		printf(" reset %lu", f->dwResetPeriod);
		for (i = 0; i < f->cActions; i++)
			printf(" %s %lu", f->lpsaActions[i].Type == SC_ACTION_RESTART ? "restart" : "OTHER", f->lpsaActions[i].Delay);
		if (f->lpCommand || f->lpRebootMsg)
			printf(" AND MORE");
	} else if (level == SERVICE_CONFIG_FAILURE_ACTIONS_FLAG) {
		printf(" also on its own word %d", ((SERVICE_FAILURE_ACTIONS_FLAG *)value)->fFailureActionsOnNonCrashFailures);
	}
	printf("\n");
	return TRUE;
}

static BOOL WINAPI close_handle(SC_HANDLE handle)
{
	(void)handle;
	return TRUE;
}

#define OpenSCManagerW open_manager
#define OpenServiceW open_service
#define ChangeServiceConfig2W change
#define CloseServiceHandle close_handle
#include "../action/action.c"

int main(void)
{
	return SetRecovery(0);
}
