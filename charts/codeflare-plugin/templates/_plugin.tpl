{{/*
A Plugin whose bytes are a file of your chart:

    {{ include "codeflare-plugin.plugin" (dict "context" $ "name" "dask" "file" "files/dask.wasm"
         "spec" (dict "launcher" (dict "frameworks" (list "dask")) "settings" .Values.dask)) }}

  context  the root context of your chart
  name     name of the Plugin
  file     path of the component in your chart, at most 700 KiB; larger ones belong into a
           registry (spec.source.oci)
  spec     the rest of the Plugin's spec: one of launcher, sizingPolicy and progress,
           priority, settings, limits, grants, namespaceSelector

The ConfigMap is named after its bytes, so that bytes and digest change together: an
upgrade makes a new one beside the old, and the Plugin changes from the one to the other at
once. Runs that are under way keep the version that launched them, also when Helm has taken
its ConfigMap away: the host has kept its bytes.
*/}}
{{- define "codeflare-plugin.plugin" -}}
{{- $bytes := .context.Files.Get .file -}}
{{- if not $bytes }}{{ fail (printf "codeflare-plugin: %s is not a file of chart %s (is it in .helmignore?)" .file .context.Chart.Name) }}{{ end -}}
{{- if gt (len $bytes) 716800 }}{{ fail (printf "codeflare-plugin: %s has %d bytes, and a ConfigMap holds 716800; build it smaller (wasm-tools strip, opt-level s), or push it to a registry and set spec.source.oci" .file (len $bytes)) }}{{ end -}}
{{- $digest := sha256sum $bytes -}}
{{- $map := printf "%s-%s" (.name | trunc 50 | trimSuffix "-") ($digest | trunc 12) -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $map }}
  namespace: {{ .context.Release.Namespace }}
  labels:
    {{- include "codeflare-plugin.labels" . | nindent 4 }}
immutable: true
binaryData:
  plugin.wasm: {{ $bytes | b64enc }}
---
apiVersion: codeflare.dev/v1alpha1
kind: Plugin
metadata:
  name: {{ .name }}
  labels:
    {{- include "codeflare-plugin.labels" . | nindent 4 }}
spec:
  source:
    configMap: {namespace: {{ .context.Release.Namespace }}, name: {{ $map }}, key: plugin.wasm}
  digest: sha256:{{ $digest }}
  {{- range $key, $value := .spec }}
  {{- if not (kindIs "invalid" $value) }}
  {{ $key }}:
    {{- toYaml $value | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}

{{- define "codeflare-plugin.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .context.Release.Name }}
app.kubernetes.io/part-of: codeflare
app.kubernetes.io/managed-by: {{ .context.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .context.Chart.Name .context.Chart.Version | replace "+" "_" }}
{{- end }}
