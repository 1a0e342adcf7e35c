;; Asks for the time without end.
;; ---
;; comes-to: PluginOutOfFuel

(import "wasi:clocks/wall-clock" "now" (func $f (param i32)))
(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (call $f (i32.const 4096))
    (br $again))
  (i32.const 1024))
