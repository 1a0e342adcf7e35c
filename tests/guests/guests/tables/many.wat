;; Has more tables than any plugin gets, of those that a component may have.
;; ---
;; when: load
;; comes-to: PluginNeedsTooMuch
;; says: tables

@repeat 30
(table 1 funcref)
@end
