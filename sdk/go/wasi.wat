;; Stands where Go expects WASI, so that the component imports none: the time is the host's, what is printed goes to the log, random
;; numbers are always the same, and there is nothing else. An adapter for `wasm-tools component new`; its memory is that of the program.
(module
  (import "env" "memory" (memory 0))
  (import "tiphys:plugin/clock@0.1.0" "now" (func $now (result i64)))
  (import "tiphys:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))

  (global $seed (mut i64) (i64.const 0x2545f4914f6cdd1d))

  ;; What sleeping added to the monotonic clock, which Go does not want to be zero.
  (global $slept (mut i64) (i64.const 1000000000))

  (func (export "clock_time_get") (param $id i32) (param $precision i64) (param $time i32) (result i32)
    (i64.store (local.get $time)
      (i64.add
        (i64.mul (call $now) (i64.const 1000000))
        (select (global.get $slept) (i64.const 0) (local.get $id))))
    (i32.const 0))

  ;; Nobody waits here: sleeping only advances the monotonic clock. The answer is that the first of what was waited for is there.
  (func (export "poll_oneoff") (param $subscription i32) (param $event i32) (param $count i32) (param $events i32) (result i32)
    (if (i32.eqz (i32.load8_u offset=8 (local.get $subscription)))
      (then (global.set $slept (i64.add (global.get $slept) (i64.load offset=24 (local.get $subscription))))))
    (i64.store (local.get $event) (i64.load (local.get $subscription)))
    (i64.store offset=8 (local.get $event) (i64.const 0))
    (i64.store offset=16 (local.get $event) (i64.const 0))
    (i64.store offset=24 (local.get $event) (i64.const 0))
    (i32.store (local.get $events) (i32.const 1))
    (i32.const 0))

  ;; Each piece a line: at the level of errors if it goes to standard error, a panic's last words.
  (func (export "fd_write") (param $fd i32) (param $pieces i32) (param $count i32) (param $written i32) (result i32)
    (local $sum i32) (local $size i32) (local $end i32)
    (local.set $end (i32.add (local.get $pieces) (i32.mul (local.get $count) (i32.const 8))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $pieces) (local.get $end)))
        (local.set $size (i32.load offset=4 (local.get $pieces)))
        (local.set $sum (i32.add (local.get $sum) (local.get $size)))
        ;; without the line's end
        (if (local.get $size)
          (then
            (local.set $size
              (i32.sub
                (local.get $size)
                (i32.eq
                  (i32.const 10)
                  (i32.load8_u (i32.sub (i32.add (i32.load (local.get $pieces)) (local.get $size)) (i32.const 1))))))))
        (if (local.get $size)
          (then (call $log
            (select (i32.const 3) (i32.const 1) (i32.eq (local.get $fd) (i32.const 2)))
            (i32.load (local.get $pieces))
            (local.get $size))))
        (local.set $pieces (i32.add (local.get $pieces) (i32.const 8)))
        (br $next)))
    (i32.store (local.get $written) (local.get $sum))
    (i32.const 0))

  ;; xorshift
  (func (export "random_get") (param $to i32) (param $size i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $to) (local.get $size)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $to) (local.get $end)))
        (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 13))))
        (global.set $seed (i64.xor (global.get $seed) (i64.shr_u (global.get $seed) (i64.const 7))))
        (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 17))))
        (i64.store8 (local.get $to) (global.get $seed))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br $next)))
    (i32.const 0))

  (func $none (param $count i32) (param $size i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $size) (i32.const 0))
    (i32.const 0))
  (export "args_sizes_get" (func $none))
  (export "environ_sizes_get" (func $none))
  (func $nothing (param i32 i32) (result i32) (i32.const 0))
  (export "args_get" (func $nothing))
  (export "environ_get" (func $nothing))
  (func (export "sched_yield") (result i32) (i32.const 0))

  (func (export "proc_exit") (param i32) unreachable)

  ;; No files: EBADF, ENOSYS.
  (func (export "fd_close") (param i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_sync") (param i32) (result i32) (i32.const 8))
  (func (export "path_create_directory") (param i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 52))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 52))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32) (i32.const 52))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 8))
)
