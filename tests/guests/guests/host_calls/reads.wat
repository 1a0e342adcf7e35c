;; Reads stdin without end; it is at its end.
;; ---
;; comes-to: PluginOutOfFuel

(import "wasi:cli/stdin" "get-stdin" (func $get (result i32)))
(import "wasi:io/streams" "[method]input-stream.blocking-read" (func $f (param i32 i64 i32)))
(func (export "launch") (param i32 i32) (result i32)
  (local $stdin i32)
  (local.set $stdin (call $get))
  (loop $again
    (call $f (local.get $stdin) (i64.const -1) (i32.const 4096))
    (br $again))
  (i32.const 1024))
