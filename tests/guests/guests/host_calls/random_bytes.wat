;; Asks for 64 KiB of random bytes without end.
;; ---
;; comes-to: PluginOutOfFuel

(import "wasi:random/insecure" "get-insecure-random-bytes" (func $f (param i64 i32)))
;; The bytes may lie over the last ones.
(memory (export "memory") 8)
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0x10000))
(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (call $f (i64.const 65536) (i32.const 4096))
    (br $again))
  (i32.const 1024))
