;; A progress reader built against another contract.
;; ---
;; role: progress
;; when: load
;; comes-to: WrongWorldVersion
;; says: speaks codeflare:progress/progress@1.0.0, this host speaks codeflare:progress/progress@0.1.0
;; versions: {progress: 1.0.0}


