;; Logs without end instead of saying what it is.
;; ---
;; when: load
;; comes-to: PluginOutOfFuel

(import "log" "write" (func $log (param i32 i32 i32 i32)))
(func (export "describe") (result i32)
  (loop $again
    (call $log (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 100))
    (br $again))
  (i32.const 16))
