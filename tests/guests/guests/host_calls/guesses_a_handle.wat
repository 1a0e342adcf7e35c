;; Writes to a handle that it was never given.
;; ---
;; comes-to: PluginTrapped

(import "wasi:io/streams" "[method]output-stream.blocking-flush" (func $f (param i32 i32)))
(func (export "launch") (param i32 i32) (result i32)
  (call $f (i32.const 12345) (i32.const 4096))
  (i32.const 1024))
