;; Asks whether it may go on, and never does.
;; ---
;; comes-to: PluginOutOfFuel

(import "wasi:clocks/monotonic-clock" "subscribe-duration" (func $after (param i64) (result i32)))
(import "wasi:io/poll" "[method]pollable.ready" (func $ready (param i32) (result i32)))
(func (export "launch") (param i32 i32) (result i32)
  (local $soon i32)
  (local.set $soon (call $after (i64.const 1)))
  (loop $again
    (drop (call $ready (local.get $soon)))
    (br $again))
  (i32.const 1024))
