;; Gives the host an address beyond its memory to write the request to.
;; ---
;; comes-to: PluginAnsweredBadly

(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const -4096))
