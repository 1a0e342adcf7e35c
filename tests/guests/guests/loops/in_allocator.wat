;; Never finds room for the request.
;; ---
;; comes-to: PluginOutOfFuel

(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (loop $again (br $again))
  (i32.const 65536))
