{{/* Each takes a dict: root, name. */}}

{{- define "operator.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "operator.labels" -}}
{{ include "operator.selector" . }}
app.kubernetes.io/part-of: judgemesh-operator
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "operator.image" -}}
{{ .Values.image.reference | default (printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion | toString)) }}
{{- end }}

{{/* Whether pods ask for certificates by themselves: "true" or "". */}}
{{- define "operator.podCertificates" -}}
{{- $mode := .Values.identity.certificates -}}
{{- if or (eq $mode "pod") (and (eq $mode "auto") (.Capabilities.APIVersions.Has "certificates.k8s.io/v1/PodCertificateRequest")) -}}
true
{{- end -}}
{{- end }}

{{/* A pod that passes Pod Security `restricted`. placement: values */}}
{{- define "operator.pod" -}}
serviceAccountName: {{ .name }}
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "operator.selector" $ | nindent 8 }}
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

{{- define "operator.container" -}}
image: {{ include "operator.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- define "operator.identityVolume" -}}
- name: identity
{{- if include "operator.podCertificates" .root }}
  projected:
    sources:
      - podCertificate:
          signerName: {{ .root.Values.identity.signerName }}
          keyType: ECDSAP256
          credentialBundlePath: bundle.pem
      - clusterTrustBundle:
          signerName: {{ .root.Values.identity.signerName }}
          labelSelector: {}
          path: roots.pem
{{- else }}
  secret:
    secretName: {{ .name }}-mesh-identity
{{- end }}
{{- end }}

{{- define "operator.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  labels:
    {{- include "operator.labels" . | nindent 4 }}
{{- end }}

{{/* A Role or ClusterRole to its service account. kind: of the role; role: its name */}}
{{- define "operator.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .role }}
  labels:
    {{- include "operator.labels" . | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .role }}
subjects:
  - kind: ServiceAccount
    name: {{ .name }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}

{{/* What both read: the registry. */}}
{{- define "operator.readRules" -}}
- apiGroups: [judgemesh.dev]
  resources: [grpcservices, meshgateways, trafficpolicies, judgepools]
  verbs: [get, list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch]
{{- end }}
