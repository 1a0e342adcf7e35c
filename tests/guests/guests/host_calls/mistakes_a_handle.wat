;; Reads from what it may only write to.
;; ---
;; comes-to: PluginTrapped

(import "wasi:cli/stdout" "get-stdout" (func $get (result i32)))
(import "wasi:io/streams" "[method]input-stream.read" (func $f (param i32 i64 i32)))
(func (export "launch") (param i32 i32) (result i32)
  (call $f (call $get) (i64.const 1) (i32.const 4096))
  (i32.const 1024))
