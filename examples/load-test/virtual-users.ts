/** One simulated person: the pages he asks for, one after the other. */
export interface VirtualUser {
  id: string;
  name: string;
  projectId: string;
  actions: { name: string; url: string }[];
}

/** How many of them, and for how long; `written` is the shape in which the profile is shown, for there is more than one about. */
export interface UserProfile {
  virtualUserId: string;
  users: number;
  rampUpSeconds: number;
  holdSeconds: number;
  written: 'load' | 'points' | 'loadStrategy';
}

/** A named load profile: what `run_scenario` runs. */
export interface Scenario {
  id: string;
  name: string;
  projectId: string;
  userProfiles: UserProfile[];
}

const projectId = 'shop';

/** The virtual users of the example, all of whom visit one target. */
export function virtualUsersOf(target: string): VirtualUser[] {
  const page = (path: string) => ({ name: `GET ${path}`, url: new URL(path, target).href });
  return [
    { id: 'visitor', name: 'Looks around', projectId, actions: [page('/')] },
    { id: 'buyer', name: 'Searches, then buys', projectId, actions: [page('/search?q=shoes'), page('/basket')] },
  ];
}

/** The scenarios of the example, by how long they take. */
export const scenarios: readonly Scenario[] = [
  {
    id: 'smoke',
    name: 'One visitor for two seconds',
    projectId,
    userProfiles: [{ virtualUserId: 'visitor', users: 1, rampUpSeconds: 0, holdSeconds: 2, written: 'load' }],
  },
  {
    id: 'checkout',
    name: 'Visitors and a buyer, eight seconds',
    projectId,
    userProfiles: [
      { virtualUserId: 'visitor', users: 3, rampUpSeconds: 2, holdSeconds: 6, written: 'load' },
      { virtualUserId: 'buyer', users: 1, rampUpSeconds: 0, holdSeconds: 5, written: 'loadStrategy' },
    ],
  },
  {
    id: 'soak',
    name: 'Three visitors for five minutes',
    projectId,
    userProfiles: [{ virtualUserId: 'visitor', users: 3, rampUpSeconds: 30, holdSeconds: 270, written: 'points' }],
  },
];

/** A scenario as `get_scenario` shows it: the stored document counts milliseconds, the short cuts that make one count seconds. */
export function scenarioDocument({ id, name, projectId, userProfiles }: Scenario) {
  return { id, name, projectId, userProfiles: userProfiles.map(profileDocument) };
}

function profileDocument({ virtualUserId, users, rampUpSeconds, holdSeconds, written }: UserProfile) {
  const rampUpMs = rampUpSeconds * 1000;
  const plateauMs = holdSeconds * 1000;
  if (written === 'load')
    return { virtualUserId, load: { delayMs: 0, rampUpMs, plateauMs, plateauVus: users, rampDownMs: 0 } };
  if (written === 'loadStrategy')
    return {
      virtualUserId,
      loadStrategy: { users, rampUpSec: rampUpSeconds, holdForSec: holdSeconds, rampDownSec: 0 },
    };
  const points = [
    { threadsCount: 0, timeInMs: 0 },
    { threadsCount: users, timeInMs: rampUpMs },
    { threadsCount: users, timeInMs: rampUpMs + plateauMs },
  ];
  return { virtualUserId, load: { '@type': 'UserProfileLoadCustom', points } };
}
