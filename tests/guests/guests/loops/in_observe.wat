;; Never says how a Run is.
;; ---
;; step: observe
;; comes-to: PluginOutOfFuel

(func (export "observe") (param i32 i32) (result i32)
  (loop $again (br $again))
  (i32.const 1024))
