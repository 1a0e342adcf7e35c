;; Wants something that the host does not have.
;; ---
;; when: load
;; comes-to: UnknownImport
;; says: secrets
;; world: "import secrets: interface { read: func(); }"

(import "secrets" "read" (func $read))
(func (export "launch") (param i32 i32) (result i32)
  (call $read)
  (i32.const 1024))
