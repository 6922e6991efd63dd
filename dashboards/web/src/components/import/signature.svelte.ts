// Who decides: asked at each step, remembered while the page is open.

export const signature = $state({ author: '' });

/** An error of any kind as the one that the screens show. */
import { ApiError } from '../../api/client';

export const asApiError = (caught: unknown): ApiError =>
  caught instanceof ApiError ? caught : new ApiError('network', 0, null, '');
