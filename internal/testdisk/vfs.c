//go:build cgo && unix

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"
#include "sqlite_abi.h"

// A file of the layer: SQLite's own file of the system lies behind it in the same memory.
struct file {
	sqlite3_file base;
	char *path;
	int sync_folder; // its first sync flushes the folder as well, as os_unix.c has it for files that hold a transaction
	sqlite3_file real[];
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs layer;

static struct file *of(sqlite3_file *f) { return (struct file *)f; }

// ask tells Go of a step that comes, and returns SQLITE_OK or the error that the step shall end with; HALF for half of a write.
enum { HALF = -1 };

static int ask(int op, const char *path, const void *data, int n, sqlite3_int64 at) {
	return testdiskStep(op, (char *)path, (void *)data, n, at);
}

static int layer_close(sqlite3_file *f) {
	int rc = of(f)->real->pMethods->xClose(of(f)->real);
	free(of(f)->path);
	return rc;
}

static int layer_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) {
	int rc = ask(OpRead, of(f)->path, NULL, n, at);
	return rc != SQLITE_OK ? rc : of(f)->real->pMethods->xRead(of(f)->real, to, n, at);
}

static int layer_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at) {
	sqlite3_file *real = of(f)->real;
	int rc = ask(OpWrite, of(f)->path, data, n, at);
	if (rc == HALF) {
		real->pMethods->xWrite(real, data, n / 2, at);
		rc = ask(OpTorn, of(f)->path, NULL, n - n / 2, at + n / 2);
	}
	if (rc != SQLITE_OK) return rc;
	return real->pMethods->xWrite(real, data, n, at);
}

static int layer_truncate(sqlite3_file *f, sqlite3_int64 size) {
	int rc = ask(OpTruncate, of(f)->path, NULL, 0, size);
	return rc != SQLITE_OK ? rc : of(f)->real->pMethods->xTruncate(of(f)->real, size);
}

static int layer_sync(sqlite3_file *f, int flags) {
	int rc = ask(OpSync, of(f)->path, NULL, 0, 0);
	if (rc == SQLITE_OK) rc = of(f)->real->pMethods->xSync(of(f)->real, flags);
	if (rc == SQLITE_OK && of(f)->sync_folder) {
		of(f)->sync_folder = 0;
		rc = ask(OpSyncDir, of(f)->path, NULL, 0, 0);
	}
	return rc;
}

static int layer_size(sqlite3_file *f, sqlite3_int64 *size) { return of(f)->real->pMethods->xFileSize(of(f)->real, size); }
static int layer_lock(sqlite3_file *f, int kind) { return of(f)->real->pMethods->xLock(of(f)->real, kind); }
static int layer_unlock(sqlite3_file *f, int kind) { return of(f)->real->pMethods->xUnlock(of(f)->real, kind); }
static int layer_reserved(sqlite3_file *f, int *out) { return of(f)->real->pMethods->xCheckReservedLock(of(f)->real, out); }
static int layer_control(sqlite3_file *f, int op, void *arg) { return of(f)->real->pMethods->xFileControl(of(f)->real, op, arg); }
static int layer_sector(sqlite3_file *f) { return of(f)->real->pMethods->xSectorSize(of(f)->real); }
static int layer_device(sqlite3_file *f) { return of(f)->real->pMethods->xDeviceCharacteristics(of(f)->real); }

static int layer_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) {
	if (extend) {
		int rc = ask(OpShared, of(f)->path, NULL, size, (sqlite3_int64)page * size);
		if (rc != SQLITE_OK) return rc;
	}
	return of(f)->real->pMethods->xShmMap(of(f)->real, page, size, extend, out);
}

static int layer_shm_lock(sqlite3_file *f, int offset, int n, int flags) {
	return of(f)->real->pMethods->xShmLock(of(f)->real, offset, n, flags);
}

static void layer_shm_barrier(sqlite3_file *f) { of(f)->real->pMethods->xShmBarrier(of(f)->real); }
static int layer_shm_unmap(sqlite3_file *f, int remove) { return of(f)->real->pMethods->xShmUnmap(of(f)->real, remove); }

static const sqlite3_io_methods methods = {
	2,            layer_close,    layer_read,    layer_write,  layer_truncate, layer_sync,    layer_size,        layer_lock,      layer_unlock,
	layer_reserved, layer_control, layer_sector, layer_device, layer_shm_map,  layer_shm_lock, layer_shm_barrier, layer_shm_unmap,
};

static int layer_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out) {
	(void)vfs;
	f->pMethods = NULL;
	int rc = ask(OpOpen, path, NULL, 0, flags & SQLITE_OPEN_CREATE);
	if (rc == SQLITE_OK) rc = real_vfs->xOpen(real_vfs, path, of(f)->real, flags, out);
	if (rc != SQLITE_OK) return rc;
	of(f)->path = strdup(path ? path : "");
	of(f)->sync_folder = (flags & SQLITE_OPEN_CREATE) && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL));
	f->pMethods = &methods;
	return SQLITE_OK;
}

static int layer_delete(sqlite3_vfs *vfs, const char *path, int sync_folder) {
	(void)vfs;
	int rc = ask(OpDelete, path, NULL, 0, 0);
	if (rc == SQLITE_OK) rc = real_vfs->xDelete(real_vfs, path, sync_folder);
	if (rc == SQLITE_OK && sync_folder) rc = ask(OpSyncDir, path, NULL, 0, 0);
	return rc;
}

// testdisk_register puts the layer between SQLite and the system, for every database that is opened from then on.
int testdisk_register(void) {
	real_vfs = sqlite3_vfs_find(NULL);
	if (real_vfs == NULL) return SQLITE_IOERR;
	layer = *real_vfs;
	layer.pNext = NULL;
	layer.zName = "coffer-testdisk";
	layer.szOsFile = offsetof(struct file, real) + real_vfs->szOsFile;
	layer.xOpen = layer_open;
	layer.xDelete = layer_delete;
	return sqlite3_vfs_register(&layer, 1);
}
