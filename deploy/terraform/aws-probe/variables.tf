variable "vpc_id" {
  description = "The VPC in which the subnets lie."
  type        = string
}

variable "subnets" {
  description = "A probe for each: its name, as the inventory calls it, and its subnet's id."
  type        = map(string)

  validation {
    condition     = alltrue([for name, id in var.subnets : can(regex("^[A-Za-z0-9._-]{1,64}$", name)) && startswith(id, "subnet-")])
    error_message = "Each name has letters, digits, '.', '_' and '-'; each subnet is an id that begins with subnet-."
  }
}

variable "ami_id" {
  description = "A Debian 12 image."
  type        = string
}

variable "instance_type" {
  type    = string
  default = "t3.nano"
}

variable "package_url" {
  description = "Where the host finds the reachproof-probe package (https:// or s3://)."
  type        = string

  validation {
    condition     = can(regex("^(https|s3)://", var.package_url))
    error_message = "The package comes over https:// or from s3://."
  }
}

variable "package_sha256" {
  description = "SHA-256 of the package; another one is not installed."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.package_sha256))
    error_message = "A SHA-256 in 64 hex digits."
  }
}

variable "join_token_parameters" {
  description = "SSM parameter (SecureString) with the join token, by probe. Never the token itself: user data can be read by whoever reaches the instance's metadata."
  type        = map(string)
}

variable "orchestrator_cidr" {
  description = "Where the orchestrator's probe plane is."
  type        = string
}

variable "orchestrator_port" {
  type    = number
  default = 8443
}

variable "tested_flows" {
  description = "What probes may try: the security group lets nothing else out."
  type = list(object({
    cidr      = string
    protocol  = string
    from_port = number
    to_port   = number
  }))
  default = []
}

variable "scope_file" {
  description = "Text of /etc/reachproof/scope.conf, which stands above every order."
  type        = string
  default     = ""
}

variable "tags" {
  type    = map(string)
  default = {}
}
