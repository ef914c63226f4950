-- Health of an Application, as the Applications above it see it: its own, unless its last sync failed.
local health = { status = "Progressing", message = "Argo CD has not looked at it yet" }
local status = obj.status
if status == nil then
  return health
end

if status.health ~= nil and status.health.status ~= nil then
  health.status = status.health.status
  health.message = status.health.message or ""
end

local operation = status.operationState
if operation ~= nil and (operation.phase == "Failed" or operation.phase == "Error") then
  health.status = "Degraded"
  health.message = "the last sync failed: " .. (operation.message or "without a message")
end
return health
