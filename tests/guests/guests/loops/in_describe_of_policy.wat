;; A sizing policy that never says what it is.
;; ---
;; role: sizing-policy
;; when: load
;; comes-to: PluginOutOfFuel

(func (export "describe") (result i32)
  (loop $again (br $again))
  (i32.const 16))
