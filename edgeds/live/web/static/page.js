// The page: every module listens to the run and looks after one part of the page.

import "/state.js";
import "/picture.js";
import "/views.js";
import "/backdrop.js";
import "/plate.js";
import "/files.js";
import "/figures.js";
import "/zones.js";
import "/phone.js";
import "/keys.js";

// The token in the address has done its work: the cookie is set.
if (location.search) history.replaceState(null, "", location.pathname);

// A camera of many: the wall is above its page.
document.getElementById("wall").hidden = !location.pathname.startsWith("/cameras/");
