/* Says how a program hears of others: the ports on which its processes listen, the ends of named pipes and the mail slots that they serve.
 *
 *   ears.exe PROGRAM.EXE   "processes N, handles N" and one line for each ear; 1 if there is no such process, 2 if Windows does not say
 *   ears.exe --own         opens one of each kind first, and looks at itself
 *
 * It asks every handle: Wine's list of ports does not say whose they are, and a socket of another process not whether it listens. */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <iphlpapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <tlhelp32.h>
#include <wchar.h>
#include <winternl.h>

/* ntexapi.h of Windows' driver kit; winternl.h leaves them out. */
#define ALL_HANDLES 64
#define TOO_SMALL ((NTSTATUS)0xC0000004)
typedef struct { void *object; ULONG_PTR process, handle; ULONG access; USHORT trace, type; ULONG attributes, reserved; } handle_entry;
typedef struct { ULONG_PTR count, reserved; handle_entry all[1]; } handle_list;

static void fail(const char *what) { printf("%s: error %lu\n", what, GetLastError()); exit(2); }

/* heard: somebody listens on the port, or takes packets there. */
static BOOL heard(USHORT port)
{
	static union { MIB_TCPTABLE_OWNER_PID four; MIB_TCP6TABLE_OWNER_PID six; char room[1 << 20]; } tcp;
	static union { MIB_UDPTABLE_OWNER_PID four; MIB_UDP6TABLE_OWNER_PID six; char room[1 << 20]; } udp;
	DWORD size = sizeof tcp, i;
	if (GetExtendedTcpTable(&tcp, &size, FALSE, AF_INET, TCP_TABLE_OWNER_PID_LISTENER, 0)) fail("ports of TCP");
	for (i = 0; i < tcp.four.dwNumEntries; i++)
		if ((USHORT)tcp.four.table[i].dwLocalPort == port) return TRUE;
	size = sizeof tcp;
	if (GetExtendedTcpTable(&tcp, &size, FALSE, AF_INET6, TCP_TABLE_OWNER_PID_LISTENER, 0)) fail("ports of TCP");
	for (i = 0; i < tcp.six.dwNumEntries; i++)
		if ((USHORT)tcp.six.table[i].dwLocalPort == port) return TRUE;
	size = sizeof udp;
	if (GetExtendedUdpTable(&udp, &size, FALSE, AF_INET, UDP_TABLE_OWNER_PID, 0)) fail("ports of UDP");
	for (i = 0; i < udp.four.dwNumEntries; i++)
		if ((USHORT)udp.four.table[i].dwLocalPort == port) return TRUE;
	size = sizeof udp;
	if (GetExtendedUdpTable(&udp, &size, FALSE, AF_INET6, UDP_TABLE_OWNER_PID, 0)) fail("ports of UDP");
	for (i = 0; i < udp.six.dwNumEntries; i++)
		if ((USHORT)udp.six.table[i].dwLocalPort == port) return TRUE;
	return FALSE;
}

static void served(HANDLE h)
{
	struct sockaddr_in6 own = { 0 }; /* of IPv4 the port is at the same place */
	int size = sizeof own;
	DWORD flags;
	if (GetNamedPipeInfo(h, &flags, NULL, NULL, NULL)) {
		if (flags & PIPE_SERVER_END) printf("named pipe\n");
	} else if (GetMailslotInfo(h, NULL, NULL, NULL, NULL))
		printf("mail slot\n");
	else if (!getsockname((SOCKET)h, (struct sockaddr *)&own, &size) && heard(own.sin6_port))
		printf("port %u\n", ntohs(own.sin6_port));
}

/* handles looks at each of a process's, and returns how many there are. */
static unsigned handles(DWORD process)
{
	ULONG size = 1 << 16;
	handle_list *list = NULL;
	HANDLE owner = OpenProcess(PROCESS_DUP_HANDLE, FALSE, process), copy;
	NTSTATUS status;
	unsigned seen = 0;
	ULONG_PTR i;
	if (!owner) fail("open the process");
	do {
		list = realloc(list, size *= 2);
		status = NtQuerySystemInformation(ALL_HANDLES, list, size, NULL);
	} while (status == TOO_SMALL);
	if (status) { printf("handles: status %lx\n", (unsigned long)status); exit(2); }
	for (i = 0; i < list->count; i++) {
		if (list->all[i].process != process) continue;
		seen++;
		if (!DuplicateHandle(owner, (HANDLE)list->all[i].handle, GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS)) continue;
		served(copy);
		CloseHandle(copy);
	}
	CloseHandle(owner);
	free(list);
	return seen;
}

static void open_own(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	SOCKET stream, packets;
	stream = socket(AF_INET, SOCK_STREAM, 0);
	packets = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(stream, (struct sockaddr *)&here, sizeof here) || listen(stream, 1) || bind(packets, (struct sockaddr *)&here, sizeof here)) fail("listen");
	if (CreateNamedPipeW(L"\\\\.\\pipe\\coffer-ears", PIPE_ACCESS_DUPLEX, 0, 1, 512, 512, 0, NULL) == INVALID_HANDLE_VALUE) fail("serve a pipe");
	if (CreateMailslotW(L"\\\\.\\mailslot\\coffer-ears", 0, 0, NULL) == INVALID_HANDLE_VALUE) fail("serve a mail slot");
}

int wmain(int argc, wchar_t **argv)
{
	PROCESSENTRY32W entry = { .dwSize = sizeof entry };
	HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
	unsigned processes = 0, seen = 0;
	BOOL more, own = argc == 2 && !wcscmp(argv[1], L"--own");
	WSADATA data;
	if (argc != 2 || WSAStartup(MAKEWORD(2, 2), &data)) return 2;
	if (own) open_own();
	for (more = Process32FirstW(all, &entry); more; more = Process32NextW(all, &entry)) {
		if (own ? entry.th32ProcessID != GetCurrentProcessId() : _wcsicmp(entry.szExeFile, argv[1])) continue;
		processes++;
		seen += handles(entry.th32ProcessID);
	}
	printf("processes %u, handles %u\n", processes, seen);
	return !processes;
}
