;; Takes events to wait for and never gives one back.
;; ---
;; comes-to: PluginAskedTooMuch
;; says: handles

(import "wasi:clocks/monotonic-clock" "subscribe-duration" (func $f (param i64) (result i32)))
(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (drop (call $f (i64.const 1)))
    (br $again))
  (i32.const 1024))
