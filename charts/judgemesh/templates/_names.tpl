{{/* Labels, images, and what all pods have in common. Each takes a dict: root, name, and what its comment says. */}}

{{- define "judgemesh.labels" -}}
{{ include "judgemesh.selector" . }}
app.kubernetes.io/part-of: judgemesh
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "judgemesh.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{/* image: one of this project's, by name */}}
{{- define "judgemesh.image" -}}
{{- $images := .root.Values.images -}}
{{- if hasKey $images.override .name -}}
{{ get $images.override .name }}
{{- else -}}
{{ printf "%s/%s:%s" $images.repository .name ($images.tag | default .root.Chart.AppVersion | toString) }}
{{- end -}}
{{- end }}

{{/* image: the value of another's image */}}
{{- define "judgemesh.otherImage" -}}
{{ printf "%s:%s" .repository (.tag | toString) }}
{{- end }}

{{/* Of every pod: Pod Security `restricted`. */}}
{{- define "judgemesh.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "judgemesh.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- define "judgemesh.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Where a pod may run. placement: the values; the rest as everywhere. */}}
{{- define "judgemesh.placement" -}}
{{- if .placement.spread }}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "judgemesh.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- with .placement.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .placement.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .placement.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .placement.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* The services that are installed, each with the defaults under what it says itself, as JSON. */}}
{{- define "judgemesh.services" -}}
{{- $services := dict -}}
{{- range $name, $own := .Values.services -}}
{{- $service := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy ($own | default dict)) -}}
{{- if $service.enabled -}}{{- $_ := set $services $name $service -}}{{- end -}}
{{- end -}}
{{- toJson $services -}}
{{- end }}

{{/* A value of a Secret that is made once: what is there stays. secret, key, length */}}
{{- define "judgemesh.kept" -}}
{{- $existing := lookup "v1" "Secret" .root.Release.Namespace .secret -}}
{{- if and $existing (hasKey ($existing.data | default dict) .key) -}}
{{ index $existing.data .key | b64dec }}
{{- else -}}
{{ randAlphaNum (int .length) }}
{{- end -}}
{{- end }}

{{/* Names of Secrets: the user's, or ours. */}}
{{- define "judgemesh.databaseSecret" -}}
{{ .service.database.existingSecret | default (printf "%s-database" .name) }}
{{- end }}
{{- define "judgemesh.postgresqlSecret" -}}
{{ .Values.postgresql.existingSecret | default "postgresql" }}
{{- end }}
{{- define "judgemesh.natsSecret" -}}
{{ .Values.nats.existingSecret | default "nats" }}
{{- end }}
{{- define "judgemesh.adminSecret" -}}
{{ .Values.accounts.existingAdminSecret | default "admin-account" }}
{{- end }}
{{- define "judgemesh.keySecret" -}}
{{ .Values.accounts.existingKeySecret | default "signing-keys" }}
{{- end }}

{{/* host:port that takes spans; empty where nothing does. */}}
{{- define "judgemesh.otlp" -}}
{{- if .Values.telemetry.endpoint -}}
{{ .Values.telemetry.endpoint }}
{{- else if or .Values.collector.enabled .Values.jaeger.enabled -}}
otlp.{{ .Release.Namespace }}.svc:4317
{{- end -}}
{{- end }}

{{/* Whether pods ask for certificates by themselves: "true" or "". */}}
{{- define "judgemesh.podCertificates" -}}
{{- $mode := .Values.mesh.certificates -}}
{{- if or (eq $mode "pod") (and (eq $mode "auto") (.Capabilities.APIVersions.Has "certificates.k8s.io/v1/PodCertificateRequest")) -}}
true
{{- end -}}
{{- end }}
