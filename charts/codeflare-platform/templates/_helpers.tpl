{{/* Name of the host's objects. */}}
{{- define "codeflare.name" -}}
codeflare-host
{{- end }}

{{/* Name of a cluster-wide object: two releases must not share one. */}}
{{- define "codeflare.clusterName" -}}
{{ printf "codeflare-host-%s" .Release.Namespace | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "codeflare.serviceAccount" -}}
{{ .Values.serviceAccount.name | default .Release.Name }}
{{- end }}

{{/* The platform's own image: of the host, and of the init steps of Runs. */}}
{{- define "codeflare.image" -}}
{{ printf "%s:%s" .Values.host.image.repository (.Values.host.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{/* Labels that select the host's pods; they never change. */}}
{{- define "codeflare.selector" -}}
app.kubernetes.io/name: codeflare-host
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "codeflare.labels" -}}
{{ include "codeflare.selector" . }}
app.kubernetes.io/part-of: codeflare
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* The PriorityClasses of Runs, as the host takes them: low=NAME,high=NAME. */}}
{{- define "codeflare.priorityClasses" -}}
{{- $named := list }}
{{- range $priority := list "low" "normal" "high" }}
{{- with index $.Values.runs.priorityClasses $priority }}
{{- $named = append $named (printf "%s=%s" $priority .) }}
{{- end }}
{{- end }}
{{- join "," $named }}
{{- end }}
