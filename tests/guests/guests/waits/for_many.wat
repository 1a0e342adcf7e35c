;; Waits for a hundred thousand events at once, over and over.
;; ---
;; comes-to: PluginTrapped
;; says: handle limit

(import "wasi:clocks/monotonic-clock" "subscribe-duration" (func $after (param i64) (result i32)))
(import "wasi:io/poll" "poll" (func $poll (param i32 i32 i32)))
(memory (export "memory") 32)
;; The answer of `poll` may lie over the last one.
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0x100000))
(func (export "launch") (param i32 i32) (result i32)
  (local $soon i32) (local $at i32)
  (local.set $soon (call $after (i64.const 1)))
  (local.set $at (i32.const 0x80000))
  (loop $fill
    (i32.store (local.get $at) (local.get $soon))
    (local.set $at (i32.add (local.get $at) (i32.const 4)))
    (br_if $fill (i32.lt_u (local.get $at) (i32.const 0xe1a80))))
  (loop $again
    (call $poll (i32.const 0x80000) (i32.const 100000) (i32.const 4096))
    (br $again))
  (i32.const 1024))
