;; Asks for its environment without end; it is empty each time.
;; ---
;; comes-to: PluginOutOfFuel

(import "wasi:cli/environment" "get-environment" (func $f (param i32)))
(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (call $f (i32.const 4096))
    (br $again))
  (i32.const 1024))
