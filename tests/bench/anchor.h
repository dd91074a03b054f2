/* anchor.h - limits that muster's figures are set beside: the bare library doing the bare work, on the same disk, in
 * the same minutes. Each prints one JSON object. Thread: the caller's (push_pull starts a second one). */
#ifndef MUSTER_BENCH_ANCHOR_H
#define MUSTER_BENCH_ANCHOR_H

#include <stddef.h>
#include <stdint.h>

/* Writes `size` bytes `count` times to a new file in `dir`, each followed by fdatasync. */
void anchor_fdatasync(const char *dir, size_t size, uint64_t count);
/* Synced RocksDB write batches of `group` records of `size` bytes, `count` records in all, keys in order. */
void anchor_rocksdb(const char *dir, size_t size, uint64_t count, uint32_t group);
/* `count` messages of `size` bytes over ipc, PUSH to PULL, one thread each. */
void anchor_push_pull(const char *dir, size_t size, uint64_t count);
/* Reads the file with libcsv and callbacks that do nothing. */
void anchor_libcsv(const char *path);
/* Unpacks and parses the shared texts and the first sheet of a workbook with callbacks that do nothing. */
void anchor_expat(const char *path);

#endif
