;; Logs a letter without end.
;; ---
;; comes-to: PluginOutOfFuel

(import "log" "write" (func $log (param i32 i32 i32 i32)))
(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (call $log (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 1))
    (br $again))
  (i32.const 1024))
