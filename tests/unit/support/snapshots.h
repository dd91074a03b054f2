/* snapshots.h - what every core with save and load must keep: a snapshot and the rest of the log are the whole log.
 *
 * Include it after fake_work.h. The log is the fake's own; the test fills it with random events and says how the state
 * is asked (an `answers` that appends what people would see). */
#ifndef MUSTER_TESTS_SNAPSHOTS_H
#define MUSTER_TESTS_SNAPSHOTS_H

#include "broker/lib/hash.h"

static uint64_t chance_state;

/* 0 .. below - 1; the same numbers for the same seed. */
static inline uint32_t
chance(uint32_t below)
{
    chance_state = chance_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(chance_state >> 33) % below;
}

typedef mst_slice answers_of(fake_work *work);

static inline void *
state_folded(fake_work *work, const mst_core_env *env, void *state, size_t from, size_t to)
{
    void *own = work->state;
    if (state == NULL)
        assert_int_equal(work->core->open(&state, env), MST_OK);
    work->state = state;
    for (size_t i = from; i < to; i++)
        fake_apply(work, &work->log[i]);
    work->state = own;
    return state;
}

static inline mst_slice
answers_from(fake_work *work, void *state, answers_of *answers)
{
    void *own = work->state;
    work->state = state;
    mst_slice said = answers(work);
    work->state = own;
    return said;
}

static inline void
assert_slices_equal(mst_slice a, mst_slice b)
{
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
}

/* A snapshot taken after `at` events, loaded, saved again and folded to the end. */
static inline void
snapshot_holds_at(fake_work *work, const mst_core_env *env, size_t at, answers_of *answers)
{
    mst_arena *arena = mst_arena_new(0);
    const mst_core *core = work->core;
    void *before = state_folded(work, env, NULL, 0, at), *after = NULL;
    mst_slice snapshot = core->save(before, arena);
    assert_non_null(snapshot.data);
    assert_int_equal(core->open(&after, env), MST_OK);
    assert_int_equal(core->load(after, snapshot), MST_OK);
    assert_slices_equal(core->save(after, arena), snapshot);
    assert_slices_equal(answers_from(work, after, answers), answers_from(work, before, answers));
    for (int i = 0; i < 4 && at > 0; i++) { // what is in it changes nothing if it comes again
        size_t again = chance((uint32_t)at);
        state_folded(work, env, after, again, again + 1);
    }
    assert_slices_equal(core->save(after, arena), snapshot);
    state_folded(work, env, after, at, work->log_count);
    assert_slices_equal(core->save(after, arena), core->save(work->state, arena));
    assert_slices_equal(answers_from(work, after, answers), answers(work));
    core->close(before);
    core->close(after);
    mst_arena_destroy(&arena);
}

static inline void
snapshot_is_refused(fake_work *work, const mst_core_env *env, mst_slice snapshot)
{
    void *state = NULL;
    assert_int_equal(work->core->open(&state, env), MST_OK);
    assert_int_equal(work->core->load(state, snapshot), MST_INVALID);
    work->core->close(state);
}

/* A message of another number, well-formed and with its hash. The number is field 1, a byte, and the first. */
static inline void
other_version_is_refused(fake_work *work, const mst_core_env *env, mst_arena *arena)
{
    mst_slice saved = work->core->save(work->state, arena);
    uint8_t *other = mst_arena_copy(arena, saved.data, saved.size);
    assert_int_equal(other[MST_HASH_SIZE], 1 << 3);
    other[MST_HASH_SIZE + 1] = 0x7F;
    mst_sha256(other + MST_HASH_SIZE, saved.size - MST_HASH_SIZE, other);
    snapshot_is_refused(work, env, (mst_slice){other, saved.size});
}

static inline void
damaged_ones_are_refused(fake_work *work, const mst_core_env *env)
{
    mst_arena *arena = mst_arena_new(0);
    mst_slice saved = work->core->save(work->state, arena);
    snapshot_is_refused(work, env, (mst_slice){(const uint8_t *)"", 0});
    for (size_t size = 0; size < saved.size; size += 1 + chance((uint32_t)saved.size / 200 + 1))
        snapshot_is_refused(work, env, (mst_slice){saved.data, size});
    uint8_t *damaged = mst_arena_copy(arena, saved.data, saved.size);
    for (int i = 0; i < 500; i++) {
        size_t at = chance((uint32_t)saved.size);
        damaged[at] ^= (uint8_t)(1u << chance(8));
        snapshot_is_refused(work, env, (mst_slice){damaged, saved.size});
        damaged[at] = saved.data[at];
    }
    uint8_t noise[400];
    for (int i = 0; i < 500; i++) {
        size_t size = chance(sizeof noise + 1);
        for (size_t j = 0; j < size; j++)
            noise[j] = (uint8_t)chance(256);
        snapshot_is_refused(work, env, (mst_slice){noise, size});
        if (size >= MST_HASH_SIZE) { // noise that its hash vouches for
            mst_sha256(noise + MST_HASH_SIZE, size - MST_HASH_SIZE, noise);
            snapshot_is_refused(work, env, (mst_slice){noise, size});
        }
    }
    other_version_is_refused(work, env, arena);
    mst_arena_destroy(&arena);
}

#endif
