import type { Endpoint } from '../http/endpoint.ts'
import type { Users } from '../users/compose-users.ts'
import { getAccountDataPerRoom } from './account-data/get-account-data-per-room.ts'
import { getAccountData } from './account-data/get-account-data.ts'
import { setAccountDataPerRoom } from './account-data/set-account-data-per-room.ts'
import { setAccountData } from './account-data/set-account-data.ts'
import { deactivateAccount } from './account-deactivation/deactivate-account.ts'
import { getAdminLockUser } from './admin/get-admin-lock-user.ts'
import { getAdminSuspendUser } from './admin/get-admin-suspend-user.ts'
import { getWhoIs } from './admin/get-who-is.ts'
import { setAdminLockUser } from './admin/set-admin-lock-user.ts'
import { setAdminSuspendUser } from './admin/set-admin-suspend-user.ts'
import { getCapabilities } from './capabilities/get-capabilities.ts'
import { deleteDevice } from './device-management/delete-device.ts'
import { deleteDevices } from './device-management/delete-devices.ts'
import { getDevice } from './device-management/get-device.ts'
import { getDevices } from './device-management/get-devices.ts'
import { updateDevice } from './device-management/update-device.ts'
import { defineFilter } from './filter/define-filter.ts'
import { getFilter } from './filter/get-filter.ts'
import { getLoginFlows } from './login/get-login-flows.ts'
import { login } from './login/login.ts'
import { logoutAll } from './logout/logout-all.ts'
import { logout } from './logout/logout.ts'
import { requestOpenIdToken } from './openid/request-open-id-token.ts'
import { changePassword } from './password-management/change-password.ts'
import { deleteProfileField } from './profile/delete-profile-field.ts'
import { getProfileField } from './profile/get-profile-field.ts'
import { getUserProfile } from './profile/get-user-profile.ts'
import { setProfileField } from './profile/set-profile-field.ts'
import { deletePushRule } from './pushrules/delete-push-rule.ts'
import { getPushRuleActions } from './pushrules/get-push-rule-actions.ts'
import { getPushRule } from './pushrules/get-push-rule.ts'
import { getPushRulesGlobal } from './pushrules/get-push-rules-global.ts'
import { getPushRules } from './pushrules/get-push-rules.ts'
import { isPushRuleEnabled } from './pushrules/is-push-rule-enabled.ts'
import { setPushRuleActions } from './pushrules/set-push-rule-actions.ts'
import { setPushRuleEnabled } from './pushrules/set-push-rule-enabled.ts'
import { setPushRule } from './pushrules/set-push-rule.ts'
import { refresh } from './refresh/refresh.ts'
import { registrationTokenValidity } from './registration-tokens/registration-token-validity.ts'
import { checkUsernameAvailability } from './registration/check-username-availability.ts'
import { register } from './registration/register.ts'
import { deleteRoomTag } from './tags/delete-room-tag.ts'
import { getRoomTags } from './tags/get-room-tags.ts'
import { setRoomTag } from './tags/set-room-tag.ts'
import { getVersions } from './versions/get-versions.ts'
import { getWellknown } from './well-known/get-wellknown.ts'
import { welcome } from './welcome/welcome.ts'
import { getTokenOwner } from './whoami/get-token-owner.ts'
import type { ClientFactsService } from './client-facts.ts'

/** The operations of accounts, sessions and what belongs to a user alone. */
export const userEndpoints: readonly Endpoint<Users & ClientFactsService>[] = [
  getVersions,
  getWellknown,
  getCapabilities,
  getLoginFlows,
  login,
  logoutAll,
  logout,
  refresh,
  getTokenOwner,
  checkUsernameAvailability,
  register,
  registrationTokenValidity,
  changePassword,
  deactivateAccount,
  deleteDevice,
  deleteDevices,
  getDevice,
  getDevices,
  updateDevice,
  deleteProfileField,
  getProfileField,
  getUserProfile,
  setProfileField,
  getAccountDataPerRoom,
  getAccountData,
  setAccountDataPerRoom,
  setAccountData,
  deleteRoomTag,
  getRoomTags,
  setRoomTag,
  defineFilter,
  getFilter,
  requestOpenIdToken,
  deletePushRule,
  getPushRuleActions,
  getPushRule,
  getPushRulesGlobal,
  getPushRules,
  isPushRuleEnabled,
  setPushRuleActions,
  setPushRuleEnabled,
  setPushRule,
  getAdminLockUser,
  getAdminSuspendUser,
  getWhoIs,
  setAdminLockUser,
  setAdminSuspendUser,
  welcome,
]
