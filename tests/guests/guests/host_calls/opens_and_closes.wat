;; Takes a handle and gives it back without end.
;; ---
;; comes-to: PluginOutOfFuel

(import "wasi:cli/stdout" "get-stdout" (func $get (result i32)))
(import "wasi:io/streams" "[resource-drop]output-stream" (func $drop (param i32)))
(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (call $drop (call $get))
    (br $again))
  (i32.const 1024))
