;; Wants an interface of WASI in a version that there is not yet.
;; ---
;; when: load
;; comes-to: UnknownImport
;; says: wasi:clocks/monotonic-clock@0.3.0
;; versions: {wasi: 0.3.0}

(import "wasi:clocks/monotonic-clock" "now" (func $now (result i64)))
(func (export "launch") (param i32 i32) (result i32)
  (drop (call $now))
  (i32.const 1024))
