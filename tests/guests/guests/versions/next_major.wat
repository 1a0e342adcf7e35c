;; Built against a contract of the far future, in all its parts.
;; ---
;; when: load
;; comes-to: WrongWorldVersion
;; says: speaks codeflare:plugin/describe@2.0.0, this host speaks codeflare:plugin/describe@0.1.0
;; versions: {launcher: 2.0.0, plugin: 2.0.0}


