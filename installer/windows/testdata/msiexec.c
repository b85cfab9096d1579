/* Ends with the code that C:\code.txt says. */
#include <stdio.h>

int main(void)
{
	int code = -1;
	FILE *file = fopen("C:\\code.txt", "r");

	if (file) {
		if (fscanf(file, "%d", &code) != 1)
			code = -1;
		fclose(file);
	}
	return code;
}
