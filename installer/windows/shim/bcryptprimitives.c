/* Debian's Wine 8.0 has no bcryptprimitives.dll, which every Go program loads at its start for one function. For tests only. */
#include <windows.h>

/* advapi32 exports RtlGenRandom under this name. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *buffer, SIZE_T length)
{
	while (length > 0) {
		ULONG part = length > 0x1000000 ? 0x1000000 : (ULONG)length;
		if (!SystemFunction036(buffer, part))
			return FALSE;
		buffer += part;
		length -= part;
	}
	return TRUE;
}
