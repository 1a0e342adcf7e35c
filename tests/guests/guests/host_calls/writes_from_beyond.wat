;; Writes bytes that are beyond its memory.
;; ---
;; comes-to: PluginTrapped

(import "wasi:cli/stdout" "get-stdout" (func $get (result i32)))
(import "wasi:io/streams" "[method]output-stream.write" (func $f (param i32 i32 i32 i32)))
(func (export "launch") (param i32 i32) (result i32)
  (call $f (call $get) (i32.const 0) (i32.const -1) (i32.const 4096))
  (i32.const 1024))
