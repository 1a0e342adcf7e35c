;; Gives a handle back twice.
;; ---
;; comes-to: PluginTrapped

(import "wasi:cli/stdout" "get-stdout" (func $get (result i32)))
(import "wasi:io/streams" "[resource-drop]output-stream" (func $drop (param i32)))
(func (export "launch") (param i32 i32) (result i32)
  (local $handle i32)
  (local.set $handle (call $get))
  (call $drop (local.get $handle))
  (call $drop (local.get $handle))
  (i32.const 1024))
