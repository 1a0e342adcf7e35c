;; Asks for random numbers without end.
;; ---
;; comes-to: PluginOutOfFuel

(import "wasi:random/random" "get-random-u64" (func $f (result i64)))
(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (drop (call $f))
    (br $again))
  (i32.const 1024))
