;; Wants a function of nobody.
;; ---
;; when: load
;; comes-to: UnknownImport
;; says: steal
;; world: "import steal: func();"

(import "$root" "steal" (func $steal))
(func (export "launch") (param i32 i32) (result i32)
  (call $steal)
  (i32.const 1024))
