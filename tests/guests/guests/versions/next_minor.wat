;; Built against a later contract of launchers: the same functions in another version.
;; ---
;; when: load
;; comes-to: WrongWorldVersion
;; says: speaks codeflare:launcher/launcher@0.2.0, this host speaks codeflare:launcher/launcher@0.1.0
;; versions: {launcher: 0.2.0}


