;; Logs lines of 32 MiB without end.
;; ---
;; comes-to: PluginOutOfFuel

(import "log" "write" (func $log (param i32 i32 i32 i32)))
(memory (export "memory") 520)
(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (call $log (i32.const 0) (i32.const 0) (i32.const 0x10000) (i32.const 0x2000000))
    (br $again))
  (i32.const 1024))
