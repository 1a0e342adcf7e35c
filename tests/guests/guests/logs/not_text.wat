;; Logs bytes that are no UTF-8.
;; ---
;; comes-to: PluginTrapped

(import "log" "write" (func $log (param i32 i32 i32 i32)))
(data (i32.const 5000) "\ff\fe")
(func (export "launch") (param i32 i32) (result i32)
  (call $log (i32.const 0) (i32.const 0) (i32.const 5000) (i32.const 2))
  (i32.const 1024))
