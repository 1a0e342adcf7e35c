;; Writes 64 KB at a time without end.
;; ---
;; comes-to: PluginOutOfFuel

(import "wasi:cli/stderr" "get-stderr" (func $get (result i32)))
(import "wasi:io/streams" "[method]output-stream.blocking-write-and-flush" (func $f (param i32 i32 i32 i32)))
(func (export "launch") (param i32 i32) (result i32)
  (local $stderr i32)
  (local.set $stderr (call $get))
  (loop $again
    (call $f (local.get $stderr) (i32.const 0) (i32.const 65536) (i32.const 4096))
    (br $again))
  (i32.const 1024))
