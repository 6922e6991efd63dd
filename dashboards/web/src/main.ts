import { mount } from 'svelte';

import './app.css';
import App from './App.svelte';
import { app } from './state.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('the page has no element with the id "app"');
void app.begin().then(() => mount(App, { target }));
