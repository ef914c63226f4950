-- Health of a SeldonDeployment, from the state that its operator writes.
local health = { status = "Progressing", message = "the operator has not looked at it yet" }
if obj.metadata ~= nil and obj.metadata.deletionTimestamp ~= nil then
  health.message = "it is being deleted"
  return health
end
local status = obj.status
if status == nil or status.state == nil or status.state == "" then
  return health
end

-- Deployments that have fewer pods available than they want, in a fixed order.
local function waiting()
  local found = {}
  for name, deployment in pairs(status.deploymentStatus or {}) do
    local available, wanted = deployment.availableReplicas or 0, deployment.replicas or 0
    if available < wanted then
      table.insert(found, name .. ": " .. tostring(available) .. " of " .. tostring(wanted) .. " pods available")
    end
  end
  table.sort(found)
  return table.concat(found, "; ")
end

local known = { Available = "Healthy", Creating = "Progressing", Failed = "Degraded" }
health.status = known[status.state] or "Unknown"
health.message = status.description or ""
if health.message == "" and status.state ~= "Available" then
  health.message = waiting()
end
if known[status.state] == nil then
  health.message = "unknown state " .. tostring(status.state)
end
return health
